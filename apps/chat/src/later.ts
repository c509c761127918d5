/* Dialogs, the gallery and notifications: one file, which loads while the first screen is already there. */
export { NewChat } from './chats/new-chat.tsx'
export { ChatDetails } from './details/chat-details.tsx'
export { Gallery } from './files/gallery.tsx'
export { openPush } from './notifications/open-push.ts'
export { PushOffer } from './notifications/push-offer.tsx'
export { PushSwitch } from './notifications/push-switch.tsx'
