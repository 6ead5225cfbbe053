export { type TieredOptions, tiered } from "./tiered.js";
