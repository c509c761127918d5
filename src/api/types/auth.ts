import { badInput } from '../../errors.ts'
import type { Builder } from '../builder.ts'
import { requireSession, requireViewer } from '../context.ts'

export function defineSession(builder: Builder): void {
  const input = builder.inputType('RenewSessionInput', {
    fields: (t) => ({ token: t.string({ required: true }) }),
  })
  const payload = builder.objectRef<{ expiresAt: Date | undefined }>('RenewSessionPayload').implement({
    fields: (t) => ({
      viewer: t.field({
        type: 'User',
        resolve: (_, __, context) => context.loaders.user.load(requireViewer(context).userId),
      }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    }),
  })
  builder.mutationField('renewSession', (t) =>
    t.field({
      type: payload,
      args: { input: t.arg({ type: input, required: true }) },
      resolve: async (_, args, context) => {
        const session = requireSession(context.session)
        if (session.renew === undefined) {
          throw badInput('There is no session to renew over HTTP. Send the new token with the next request.')
        }
        const before = session.token
        await session.renew(args.input.token)
        await context.services.pushTargets.handOn(before, session.token)
        return { expiresAt: session.expiresAt }
      },
    }),
  )
}
