import type { Services } from './api/services.ts'
import { wireAuth } from './composition/auth.ts'
import { wireChats, wireDeletionSweep, wireRetention } from './composition/chats.ts'
import { wireDelivery } from './composition/delivery.ts'
import { wireFollowers } from './composition/followers.ts'
import { createFoundation } from './composition/foundation.ts'
import { wireGateway } from './composition/gateway.ts'
import { wireGroups } from './composition/groups.ts'
import { createLifecycle, type Lifecycle } from './composition/lifecycle.ts'
import { wireMedia } from './composition/media.ts'
import { wireMessages } from './composition/messages.ts'
import { wireOverload } from './composition/overload.ts'
import type { Overrides } from './composition/overrides.ts'
import { type PresenceParts, wirePresence } from './composition/presence.ts'
import { wirePush } from './composition/push.ts'
import { wireServerInfo, wireTransport } from './composition/transport.ts'
import { wireUsers } from './composition/users.ts'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { type ServerDomains, wireServerApi } from './composition/server-api.ts'
import type { Followers } from './followers/followers.ts'
import type { Logger } from './telemetry/logger.ts'

/** One gateway with every domain in it. Several can run in one process. */
export type Parley = Lifecycle

/** Constructs a gateway, from the database up to the sockets. Nothing connects or listens before `start`. */
export function createParley(
  config: Config,
  secrets: Secrets,
  logger: Logger,
  overrides: Overrides = {},
): Parley {
  const foundation = createFoundation(config, secrets, logger, overrides)
  const users = wireUsers(foundation)
  const auth = wireAuth(foundation, users)
  const chats = wireChats(foundation, users)
  const gateway = wireGateway(
    foundation,
    chats,
    () => presence.subscriptions,
    () => followers.wake(),
  )
  const media = wireMedia(foundation)
  const messages = wireMessages(foundation, chats, gateway, media)
  const overload = wireOverload(foundation, messages)
  const presence: PresenceParts = wirePresence(foundation, gateway, overload)
  const groups = wireGroups(foundation, users, chats, gateway)
  const delivery = wireDelivery(foundation, chats, gateway, overload)
  const push = wirePush(foundation)
  const retention = wireRetention(foundation, overload.levels)

  const services: Services & ServerDomains = {
    users,
    ...chats,
    ...groups,
    ...messages,
    ...delivery,
    ...overload,
    typing: gateway.typing,
    attachments: media.attachments,
    mediaLinks: media.mediaLinks,
    uploads: media.files?.uploads,
    serverInfo: wireServerInfo(foundation, push.info),
    pushTargets: push.targets,
    presence: presence.presence,
  }
  const serverApi = wireServerApi(foundation, { ...services, ...messages.unhooked })
  const transport = wireTransport(foundation, services, auth, media, serverApi)
  const followers: Followers = wireFollowers(foundation, chats, {
    prepare: push.prepare,
    followers: () => push.followers(services),
  })
  return createLifecycle(foundation, {
    auth,
    gateway,
    overload,
    presence,
    messages,
    delivery,
    media,
    retention,
    deletionSweep: wireDeletionSweep(foundation),
    followers,
    push,
    transport,
  })
}
