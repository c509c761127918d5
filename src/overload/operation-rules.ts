import type { Feature } from './features.ts'
import type { CostClass } from '../quotas/quotas.ts'

/** What an operation belongs to, and out of which of the viewer's allowances it is paid; undefined: free. */
export type OperationRule = Readonly<{ feature: Feature; costClass: CostClass | undefined }>

const history = { feature: 'messages', costClass: 'query' } as const
const change = { feature: 'messages', costClass: 'change' } as const
const groupChange = { feature: 'messages', costClass: 'group' } as const
const receipt = { feature: 'receipts', costClass: 'receipt' } as const
const subscription = { feature: 'messages', costClass: 'subscription' } as const

/**
 * Every operation of the API by its root field. One that is missing here keeps an instance from starting, so that none
 * is without a limit because somebody forgot.
 */
const OPERATIONS = {
  'Query.viewer': history,
  'Query.node': history,
  'Query.nodes': history,
  'Query.chat': history,
  'Query.chats': history,
  'Query.user': history,
  // The way to learn what is paused is never closed.
  'Query.serviceStatus': history,

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
  'Mutation.renewSession': change,

  'Subscription.inbox': subscription,
  'Subscription.chatEvents': subscription,
  // Not of the feature presence: while that is paused, it goes on and says itself that it does not know.
  'Subscription.presence': subscription,
  'Subscription.serviceStatus': subscription,
} as const satisfies Record<string, OperationRule>

/** What many of these ask for at once, of however many people, goes to the stores together. */
const IN_BATCHES: ReadonlySet<CostClass | undefined> = new Set(['send', 'receipt', 'presence'])

/** Whether any number of an operation, such as `Mutation.sendMessage`, becomes one statement. */
export function isBatchable(operation: string): boolean {
  return Object.hasOwn(OPERATIONS, operation) && IN_BATCHES.has(ruleOf(operation).costClass)
}

/** The rule of a root field, such as `Mutation.sendMessage`. Throws where nobody made one. */
export function ruleOf(operation: string): OperationRule {
  const rule = Object.entries(OPERATIONS).find(([name]) => name === operation)?.[1]
  if (rule === undefined)
    throw new Error(`${operation} has no line in src/overload/operation-rules.ts: say there what it costs`)
  return rule
}
