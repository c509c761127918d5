import { type ReactNode, useId } from 'react'
import { Button } from '../ui/button.tsx'
import { useSession } from '../session/session.ts'
import { Logo } from '../ui/logo.tsx'

/** The whole page while the token is refused and there is nothing else to show. `reason`: what the server said. */
export function TokenRefused({ reason }: Readonly<{ reason: string }>): ReactNode {
  const { signIn, embedder } = useSession()
  const heading = useId()
  const isEmbedded = embedder !== undefined
  return (
    <main className="sign-in" aria-labelledby={heading}>
      <div className="sign-in-card" role="alert">
        <Logo />
        <h1 id={heading}>{isEmbedded ? 'You are signed out' : 'This token does not work'}</h1>
        <p>
          {isEmbedded
            ? 'Sign in to the page around this chat, then try again.'
            : 'It may have expired, be incomplete, or belong to another server. Get a new one from your product or your operator.'}
        </p>
        <p className="sign-in-reason">{reason}</p>
        {signIn !== undefined && (
          <Button className="button button-primary" onPress={signIn}>
            {isEmbedded ? 'Sign in' : 'Use another token'}
          </Button>
        )}
      </div>
    </main>
  )
}
