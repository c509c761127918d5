import type { Feature } from './features.ts'
import type { CostClass } from '../quotas/quotas.ts'

/** The feature that an operation belongs to, and the quota of the viewer that it uses. Undefined: it is free. */
export type OperationRule = Readonly<{ feature: Feature; costClass: CostClass | undefined }>

const history = { feature: 'messages', costClass: 'query' } as const
const change = { feature: 'messages', costClass: 'change' } as const
const groupChange = { feature: 'messages', costClass: 'group' } as const
const receipt = { feature: 'receipts', costClass: 'receipt' } as const
const subscription = { feature: 'messages', costClass: 'subscription' } as const

/** Every operation of the API by its root field. A gateway does not start if one is missing, so none is unlimited. */
const OPERATIONS = {
  'Query.viewer': history,
  'Query.node': history,
  'Query.nodes': history,
  'Query.chat': history,
  'Query.chats': history,
  'Query.user': history,
  // Never paused: clients learn here which features are paused.
  'Query.serviceStatus': history,
  // Readable without a token. It reads nothing but memory.
  'Query.serverInfo': { feature: 'messages', costClass: undefined },

  'Mutation.startDirectChat': groupChange,
  'Mutation.createGroup': groupChange,
  'Mutation.updateChat': groupChange,
  'Mutation.addMembers': groupChange,
  'Mutation.removeMember': groupChange,
  'Mutation.setMemberRole': groupChange,
  'Mutation.sendMessage': { feature: 'messages', costClass: 'send' },
  'Mutation.editMessage': change,
  'Mutation.deleteMessage': change,
  'Mutation.setReaction': change,
  'Mutation.markDelivered': receipt,
  'Mutation.markRead': receipt,
  'Mutation.heartbeat': { feature: 'presence', costClass: 'presence' },
  'Mutation.setTyping': { feature: 'typing', costClass: 'presence' },
  'Mutation.setChatNotifications': change,
  'Mutation.setPushTarget': change,
  'Mutation.renewSession': change,
  'Mutation.createUpload': { feature: 'uploads', costClass: 'upload' },

  'Subscription.inbox': subscription,
  'Subscription.chatEvents': subscription,
  // Not part of the feature `presence`: while that is paused, the stream stays open and shows users as unknown.
  'Subscription.presence': subscription,
  'Subscription.serviceStatus': subscription,
} as const satisfies Record<string, OperationRule>

const RULES: ReadonlyMap<string, OperationRule> = new Map(Object.entries(OPERATIONS))

/** Operations of these classes, by any number of users, are stored in common batches. */
const BATCHED_CLASSES: ReadonlySet<CostClass | undefined> = new Set(['send', 'receipt', 'presence'])

/** Whether many calls of an operation, such as `Mutation.sendMessage`, become one statement. */
export function isBatchable(operation: string): boolean {
  const rule = RULES.get(operation)
  return rule !== undefined && BATCHED_CLASSES.has(rule.costClass)
}

/** The rule of a root field, such as `Mutation.sendMessage`. Throws if it has none. */
export function ruleOf(operation: string): OperationRule {
  const rule = RULES.get(operation)
  if (rule === undefined)
    throw new Error(`${operation} has no rule. Add it to OPERATIONS in src/overload/operation-rules.ts.`)
  return rule
}
