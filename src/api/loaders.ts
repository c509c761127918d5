import DataLoader from 'dataloader'
import type { ChatNotifications, ChatView, Member, ViewedMember, WatermarkKey } from '../events/chat.ts'
import { notFound, ParleyError } from '../errors.ts'
import type { AttachmentId, ChatId, MemberId, MessageId, Seq, UserId } from '../ids.ts'
import type { Attachment } from '../events/attachment.ts'
import type { Message, Reaction } from '../events/message.ts'
import type { FoundUpload } from '../media/attachments.ts'
import type { Presence } from '../events/presence-state.ts'
import type { User } from '../users/user.ts'
import { chargeStrangers } from './strangers.ts'
import { ViewerNeededError } from './viewer-needed.ts'
import type { Services } from './services.ts'

/** Batched reads for one viewer: all reads of one kind in a tick become one. */
export type Loaders = Readonly<{
  user: DataLoader<UserId, User>
  /** For ids that the client chose. Rejects with RATE_LIMITED if the viewer has looked up too many strangers. */
  namedUser: DataLoader<UserId, User | undefined>
  /** As `Chats.findListed`. */
  listedMember: DataLoader<MemberId, Member | undefined>
  upload: DataLoader<AttachmentId, FoundUpload | undefined>
  /** Null if the viewer may not see it. */
  presence: DataLoader<UserId, Presence | null>
  chatView: DataLoader<ChatId, ChatView>
  /** Rejects with NOT_FOUND if the viewer cannot know of the membership. */
  membership: DataLoader<MemberId, ViewedMember>
  message: DataLoader<MessageId, Message | undefined>
  lastMessage: DataLoader<ChatView, Message | undefined>
  unreadCount: DataLoader<ChatView, number>
  notifications: DataLoader<ChatId, ChatNotifications>
  reactions: DataLoader<MessageId, readonly Reaction[]>
  attachments: DataLoader<MessageId, readonly Attachment[]>
  /** The lowest watermarks of the members of a chat except one; undefined if there is no other member. */
  lowestWatermarks: DataLoader<WatermarkKey, Readonly<{ deliveredSeq: Seq; readSeq: Seq }> | undefined>
}>

type LoaderServices = Pick<
  Services,
  'users' | 'chats' | 'notifications' | 'messages' | 'attachments' | 'presence' | 'operationAdmission'
>

/**
 * Loaders batch but do not cache: a subscription keeps its context for days, and each of its events must be read in the
 * state of that moment. Each is created when it is first used. Most operations need one or none, and ten loaders take
 * more memory than the rest of an idle subscription.
 */
export function createLoaders(services: LoaderServices, viewerId: UserId | undefined): Loaders {
  return new LazyLoaders((name) => CREATE[name](services, viewerId))
}

/** Loaders for all viewers of an event at once. The loaders that need the viewer reject with ViewerNeededError. */
export function createSharedLoaders(services: LoaderServices): Loaders {
  return new LazyLoaders((name) => {
    return NEEDS_VIEWER.has(name) ? rejecting<never, never>() : CREATE[name](services, undefined)
  })
}

const CREATE: { [Name in keyof Loaders]: Create<Name> } = {
  user: ({ users }) =>
    batching<UserId, User>(async (ids) =>
      (await users.findMany(ids)).map((user) => user ?? notFound('User')),
    ),
  namedUser: (services, viewerId) =>
    batching<UserId, User | undefined>(async (ids) =>
      viewerId === undefined ? ids.map(tokenMissing) : findNamedUsers(services, viewerId, ids),
    ),
  listedMember: ({ chats }, viewerId) =>
    batching<MemberId, Member | undefined>(async (ids) =>
      viewerId === undefined ? ids.map(tokenMissing) : chats.findListed(viewerId, ids),
    ),
  upload: ({ attachments }) => batching((ids) => attachments.findMany(ids)),
  presence: ({ presence }, viewerId) =>
    batching<UserId, Presence | null>(async (ids) =>
      viewerId === undefined ? ids.map(() => null) : presence.find(viewerId, ids),
    ),
  membership: ({ chats }, viewerId) =>
    batching<MemberId, ViewedMember>(async (ids) => {
      if (viewerId === undefined) return ids.map(tokenMissing)
      return (await chats.memberships(viewerId, ids)).map((member) => member ?? notFound('Member'))
    }),
  chatView: ({ chats }, viewerId) =>
    batching<ChatId, ChatView>(async (ids) => {
      if (viewerId === undefined) return ids.map(tokenMissing)
      return (await chats.findMany(viewerId, ids)).map((view) => view ?? notFound('Chat'))
    }),
  message: ({ messages }) => batching((ids) => messages.findMany(ids)),
  lastMessage: ({ messages }) => batching((views) => messages.newest(views)),
  unreadCount: ({ messages }) => batching((views) => messages.countUnread(views)),
  notifications: ({ notifications }, viewerId) =>
    batching<ChatId, ChatNotifications>(async (ids) =>
      viewerId === undefined ? ids.map(tokenMissing) : notifications.find(viewerId, ids),
    ),
  reactions: ({ messages }) => batching((ids) => messages.reactions(ids)),
  attachments: ({ attachments }) => batching((ids) => attachments.ofMessages(ids)),
  lowestWatermarks: ({ chats }) =>
    batching(async (keys) => {
      const found = new Map(
        (await chats.lowestWatermarks(keys)).map((lowest) => [watermarkKey(lowest), lowest]),
      )
      return keys.map((key) => found.get(watermarkKey(key)))
    }),
}

const NEEDS_VIEWER: ReadonlySet<keyof Loaders> = new Set([
  'presence',
  'membership',
  'chatView',
  'notifications',
  'namedUser',
  'listedMember',
])

/** Beyond the quota for strangers, still finds the users who share a chat with the viewer. */
async function findNamedUsers(
  services: LoaderServices,
  viewerId: UserId,
  ids: readonly UserId[],
): Promise<(User | undefined | Error)[]> {
  const { users } = services
  const { strangers, error } = await chargeStrangers(services, viewerId, ids)
  if (error === undefined) return users.findMany(ids)
  const found = await users.findMany(ids.filter((id) => !strangers.has(id)))
  const byId = new Map(found.map((user) => [user?.id, user]))
  return ids.map((id) => (strangers.has(id) ? error : byId.get(id)))
}

type Create<Name extends keyof Loaders> = (
  services: LoaderServices,
  viewerId: UserId | undefined,
) => Loaders[Name]

type Created = { -readonly [Name in keyof Loaders]?: Loaders[Name] }

class LazyLoaders implements Loaders {
  readonly #create: (name: keyof Loaders) => Loaders[keyof Loaders]
  readonly #created: Created = {}

  constructor(create: (name: keyof Loaders) => Loaders[keyof Loaders]) {
    this.#create = create
  }

  get user(): Loaders['user'] {
    return this.#get('user')
  }

  get namedUser(): Loaders['namedUser'] {
    return this.#get('namedUser')
  }

  get listedMember(): Loaders['listedMember'] {
    return this.#get('listedMember')
  }

  get upload(): Loaders['upload'] {
    return this.#get('upload')
  }

  get presence(): Loaders['presence'] {
    return this.#get('presence')
  }

  get chatView(): Loaders['chatView'] {
    return this.#get('chatView')
  }

  get membership(): Loaders['membership'] {
    return this.#get('membership')
  }

  get message(): Loaders['message'] {
    return this.#get('message')
  }

  get lastMessage(): Loaders['lastMessage'] {
    return this.#get('lastMessage')
  }

  get unreadCount(): Loaders['unreadCount'] {
    return this.#get('unreadCount')
  }

  get notifications(): Loaders['notifications'] {
    return this.#get('notifications')
  }

  get reactions(): Loaders['reactions'] {
    return this.#get('reactions')
  }

  get attachments(): Loaders['attachments'] {
    return this.#get('attachments')
  }

  get lowestWatermarks(): Loaders['lowestWatermarks'] {
    return this.#get('lowestWatermarks')
  }

  #get<Name extends keyof Loaders>(name: Name): Loaders[Name] {
    const known = this.#created[name]
    if (known !== undefined) return known
    const created = this.#create(name) as Loaders[Name]
    Object.assign(this.#created, { [name]: created })
    return created
  }
}

function rejecting<Key, Value>(): DataLoader<Key, Value> {
  return batching<Key, Value>(async (keys) => keys.map(() => new ViewerNeededError()))
}

function batching<Key, Value>(
  load: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>,
): DataLoader<Key, Value> {
  return new DataLoader(load, { cache: false })
}

function tokenMissing(): ParleyError {
  return new ParleyError('UNAUTHENTICATED', 'The token is missing. Send one.')
}

function watermarkKey({ chatId, exceptId }: WatermarkKey): string {
  return `${chatId} ${exceptId}`
}
