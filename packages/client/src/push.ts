/*
 * Notifications of browsers, on the side of the page: turning them on and off, and muting chats. An entry of its own:
 * apps without them do not load its code. Their other side is `@parley/client/service-worker`.
 */
export { muteChat, unmuteChat } from './push/mute-chat.ts'
export type { PushState } from './push/push-state.ts'
export { type Push, type PushOptions, registerPush } from './push/register-push.ts'
