/* The operations of push. A test validates each against schema.graphql. */

export const PUSH_KEY = 'query PushKey{serverInfo{push{webPushKey}}}'

export const SET_TARGET = `mutation setPushTarget($input:SetPushTargetInput!){setPushTarget(input:$input){provider}}`

export const SET_NOTIFICATIONS = `mutation setChatNotifications($input:SetChatNotificationsInput!){
setChatNotifications(input:$input){chat{notifications{level expiresAt:until}}}}`

/** Of the chats that were active last. */
export const MUTING = 'query Muting{chats(first:100){edges{node{id notifications{level expiresAt:until}}}}}'
