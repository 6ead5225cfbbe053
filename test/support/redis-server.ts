import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { freePort } from "./free-port.js";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
  }
}

const READY = "Ready to accept connections";

/** Starts one Redis for the whole run, on a port and in a folder of its own, and stops it at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startRedis();
  project.provide("redisUrl", server.url);
  return server.stop;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Kills the server and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a `redis-server` and resolves once it accepts connections. */
export async function startRedis(...settings: readonly string[]): Promise<RedisServer> {
  const place = await newPlace();
  const child = spawnRedis(place, settings);
  await ready(child);
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(place.folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${place.port}`, port: place.port, process: child, stop };
}

/** Where a server listens, and keeps its files: one that is started there anew finds what it had. */
export interface RedisPlace {
  readonly port: number;
  readonly folder: string;
}

export async function newPlace(): Promise<RedisPlace> {
  return { port: await freePort(), folder: await mkdtemp(join(tmpdir(), "granary-redis-")) };
}

/** Starts a `redis-server`, without waiting for it. */
export function spawnRedis({ port, folder }: RedisPlace, settings: readonly string[]): ChildProcess {
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...settings];
  return spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
}

/** Resolves once the server accepts connections. */
export function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (data: Buffer) => {
      said += data.toString();
      if (said.includes(READY)) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`redis-server ended before it was ready:\n${said}`)));
  });
}

/** Kills a process, unless it has gone, and resolves then. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
