/* The parts of notifications on the screen. They are loaded together, after the first screen. */
export { PushOffer } from './push-offer.tsx'
export { PushSwitch } from './push-switch.tsx'
