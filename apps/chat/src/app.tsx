import { type ReactNode, useMemo, useState } from 'react'
import { I18nProvider } from 'react-aria-components/I18nProvider'
import { type Boot, type DemoPerson } from './boot/boot.ts'
import type { Embedder } from './boot/embed.ts'
import { forgetToken, keepToken } from './boot/token.ts'
import { useAppearance } from './lib/appearance.ts'
import { Messenger } from './messenger/messenger.tsx'
import { createSession } from './session/session.ts'
import { SignIn } from './start/sign-in.tsx'
import { StartPage } from './start/start-page.tsx'

/** Chooses between the demo, the sign-in page and the messenger. */
export function App({ first }: Readonly<{ first: Boot }>): ReactNode {
  const [boot, setBoot] = useState(first)
  const { direction } = useAppearance()
  return (
    <I18nProvider locale={direction === 'rtl' ? 'ar' : 'en-GB'}>
      <Screen boot={boot} onBoot={setBoot} />
    </I18nProvider>
  )
}

function Screen({ boot, onBoot }: Readonly<{ boot: Boot; onBoot(next: Boot): void }>): ReactNode {
  switch (boot.type) {
    case 'demo':
      return <StartPage people={boot.people} />
    case 'pane':
      return <Pane person={boot.person} people={boot.people} />
    case 'sign-in':
      return (
        <SignIn
          onToken={(token) => {
            keepToken(token)
            onBoot({ type: 'signed-in', token })
          }}
        />
      )
    case 'signed-in': {
      const signOut = (): void => {
        forgetToken()
        onBoot({ type: 'sign-in' })
      }
      return <SignedIn key={boot.token} token={boot.token} signOut={signOut} />
    }
    case 'embedded':
      return <Embedded embedder={boot.embedder} />
    default:
      return boot satisfies never
  }
}

function Pane({
  person,
  people,
}: Readonly<{ person: DemoPerson; people: readonly DemoPerson[] }>): ReactNode {
  const session = useMemo(() => {
    const others = people.filter(({ id }) => id !== person.id)
    const contacts = others.map(({ id, name }) => ({ id, name, avatarUrl: null }))
    return createSession({ token: person.token, contacts, canCut: true })
  }, [person, people])
  return <Messenger session={session} />
}

function Embedded({ embedder }: Readonly<{ embedder: Embedder }>): ReactNode {
  const [attempt, setAttempt] = useState(0)
  const session = useMemo(() => {
    const signIn = (): void => void opened.client.close().then(() => setAttempt(attempt + 1))
    const opened = createSession({ token: embedder.requestToken, embedder, signIn })
    return opened
  }, [embedder, attempt])
  return <Messenger key={attempt} session={session} />
}

function SignedIn({ token, signOut }: Readonly<{ token: string; signOut(): void }>): ReactNode {
  const session = useMemo(() => {
    const end = (): void => void opened.client.close().then(signOut)
    const opened = createSession({ token, signOut: end, signIn: end })
    return opened
    // The session lives as long as its token.
  }, [token])
  return <Messenger session={session} />
}
