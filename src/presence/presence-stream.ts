import type { UserId } from '../ids.ts'
import type { Presence, PresenceState } from '../events/presence-state.ts'
import { NewestByKeyQueue } from '../lib/bounded-queue.ts'
import { PushStream } from '../lib/push-stream.ts'
import { isChange, transition, type View, type ViewInput } from './presence-view.ts'

type Options = Readonly<{
  viewerId: UserId
  /** The users whose presence is shown, each once. */
  userIds: readonly UserId[]
  /** Called once, when the stream closes. */
  onClose(stream: PresenceStream): void
}>

/** One subscription to the presence of users. A slow reader gets the newest presence of each user. */
export class PresenceStream extends PushStream<Presence> {
  readonly viewerId: UserId
  readonly userIds: readonly UserId[]
  readonly #views = new Map<UserId, View>()

  constructor({ viewerId, userIds, onClose }: Options) {
    super({
      queue: new NewestByKeyQueue(({ userId }: Presence) => userId),
      onClose: () => onClose(this),
    })
    this.viewerId = viewerId
    this.userIds = userIds
  }

  /** Whether the viewer would be shown this state. */
  isChange(state: PresenceState): boolean {
    return isChange(this.#views.get(state.userId), state)
  }

  /** Whether the viewer was last shown this user as online. */
  showsOnline(userId: UserId): boolean {
    return this.#views.get(userId)?.online === true
  }

  /** Shows the state if it is a change. */
  show(state: PresenceState): void {
    this.#apply(state.userId, { type: 'state', state })
  }

  /** Shows the user as unknown. When they were last seen stays as it was. */
  conceal(userId: UserId): void {
    this.#apply(userId, { type: 'concealed' })
  }

  /** Takes the next state of every user as newer than what was shown. */
  resetOrder(): void {
    for (const userId of this.#views.keys()) this.#apply(userId, { type: 'order-reset' })
  }

  #apply(userId: UserId, input: ViewInput): void {
    if (!this.isOpen) return
    const { view, show } = transition(this.#views.get(userId), input)
    this.#views.set(userId, view)
    if (show !== undefined) this.push(show)
  }
}
