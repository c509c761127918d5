/**
 * Whose doing an operation is: a person's; an app's, by itself; what its argument says; or a person's where it begins
 * something, which the app ends by a timer.
 */
export type ActivityRule = 'person' | 'app' | 'asked' | 'begun'

/**
 * The one place that says what counts as a person's activity. Every mutation is in it, and nothing else ever counts:
 * no query, no subscription, no connection. An app does those by itself, for hours, with nobody near.
 */
export const ACTIVITY_RULES: Readonly<Record<string, ActivityRule>> = {
  startDirectChat: 'person',
  createGroup: 'person',
  updateChat: 'person',
  addMembers: 'person',
  removeMember: 'person',
  setMemberRole: 'person',
  sendMessage: 'person',
  editMessage: 'person',
  deleteMessage: 'person',
  setReaction: 'person',
  setTyping: 'begun',
  /** Only what is on the screen before somebody's eyes is read. */
  markRead: 'person',
  markDelivered: 'app',
  renewSession: 'app',
  heartbeat: 'asked',
}

/** Whose doing a mutation is. Throws where nobody said so. */
export function activityRuleOf(mutation: string): ActivityRule {
  const doer = Object.hasOwn(ACTIVITY_RULES, mutation) ? ACTIVITY_RULES[mutation] : undefined
  if (doer === undefined)
    throw new Error(`${mutation} has no line in src/presence/activity.ts: whose doing is it?`)
  return doer
}

/** Whether this call of a mutation was a person's doing. */
export function isUserActivity(mutation: string, args: unknown): boolean {
  const doer = activityRuleOf(mutation)
  const { input } = args as Arguments
  if (doer === 'asked') return input?.userActivity === true
  if (doer === 'begun') return input?.typing === true
  return doer === 'person'
}

/** What arguments may say of whether a person was active. */
type Arguments = Readonly<{ input?: Readonly<{ userActivity?: unknown; typing?: unknown }> }>
