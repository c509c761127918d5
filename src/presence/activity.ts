/** When a mutation counts as user activity: always, never, or only with `userActivity: true` or `typing: true`. */
export type ActivityRule = 'always' | 'never' | 'if-flagged' | 'if-typing'

/**
 * The one place that says what counts as user activity. It lists every mutation, and nothing else ever counts: no
 * query, no subscription, no connection. An app sends those by itself, for hours, while its user is away.
 */
export const ACTIVITY_RULES: Readonly<Record<string, ActivityRule>> = {
  startDirectChat: 'always',
  createGroup: 'always',
  updateChat: 'always',
  addMembers: 'always',
  removeMember: 'always',
  setMemberRole: 'always',
  sendMessage: 'always',
  editMessage: 'always',
  deleteMessage: 'always',
  setReaction: 'always',
  /** Apps report by a timer that typing stopped. */
  setTyping: 'if-typing',
  /** Apps report as read only what they show on the screen. */
  markRead: 'always',
  markDelivered: 'never',
  renewSession: 'never',
  /** An app refreshes it by itself. */
  setPushTarget: 'never',
  /** It changes nothing that others see. */
  setChatNotifications: 'never',
  /** It only announces a file. Sending it counts. */
  createUpload: 'never',
  heartbeat: 'if-flagged',
}

/** Throws if the mutation has no rule. */
export function activityRuleOf(mutation: string): ActivityRule {
  const rule = Object.hasOwn(ACTIVITY_RULES, mutation) ? ACTIVITY_RULES[mutation] : undefined
  if (rule === undefined)
    throw new Error(`${mutation} has no activity rule. Add it to ACTIVITY_RULES in src/presence/activity.ts.`)
  return rule
}

/** Whether this call of a mutation is user activity. */
export function isUserActivity(mutation: string, args: unknown): boolean {
  const { input } = args as Arguments
  const rule = activityRuleOf(mutation)
  if (rule === 'if-flagged') return input?.userActivity === true
  if (rule === 'if-typing') return input?.typing === true
  return rule === 'always'
}

type Arguments = Readonly<{ input?: Readonly<{ userActivity?: unknown; typing?: unknown }> }>
