import { type ReactNode, useMemo, useState } from 'react'
import { I18nProvider } from 'react-aria-components/I18nProvider'
import { type Boot, type DemoPerson } from './boot/boot.ts'
import type { Embedder } from './boot/embed.ts'
import { forgetToken, keepToken, rememberToken } from './boot/token.ts'
import { useAppearance } from './lib/appearance.ts'
import { Messenger } from './messenger/messenger.tsx'
import { createSession } from './session/session.ts'
import type { OpenStorage } from './session/storage.ts'
import { SignIn } from './start/sign-in.tsx'
import { StartPage } from './start/start-page.tsx'

/** Chooses between the demo, the sign-in page and the messenger. */
export function App({ first, storage }: Readonly<{ first: Boot; storage: OpenStorage }>): ReactNode {
  const [boot, setBoot] = useState(first)
  const { direction } = useAppearance()
  return (
    <I18nProvider locale={direction === 'rtl' ? 'ar' : 'en-GB'}>
      <Screen boot={boot} onBoot={setBoot} storage={storage} />
    </I18nProvider>
  )
}

type WithStorage = Readonly<{ storage: OpenStorage }>

function Screen({
  boot,
  onBoot,
  storage,
}: WithStorage & Readonly<{ boot: Boot; onBoot(next: Boot): void }>): ReactNode {
  switch (boot.type) {
    case 'demo':
      return <StartPage people={boot.people} />
    case 'pane':
      return <Pane person={boot.person} people={boot.people} storage={storage} />
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
      return <SignedIn key={boot.token} token={boot.token} signOut={signOut} storage={storage} />
    }
    case 'embedded':
      return <Embedded embedder={boot.embedder} storage={storage} />
    default:
      return boot satisfies never
  }
}

function Pane({
  person,
  people,
  storage,
}: WithStorage & Readonly<{ person: DemoPerson; people: readonly DemoPerson[] }>): ReactNode {
  const session = useMemo(() => {
    const others = people.filter(({ id }) => id !== person.id)
    const contacts = others.map(({ id, name }) => ({ id, name, avatarUrl: null }))
    return createSession({ storage, token: person.token, contacts, canCut: true })
  }, [person, people, storage])
  return <Messenger session={session} />
}

function Embedded({ embedder, storage }: WithStorage & Readonly<{ embedder: Embedder }>): ReactNode {
  const [attempt, setAttempt] = useState(0)
  const session = useMemo(() => {
    const signIn = (): void => {
      setAttempt(attempt + 1)
      void opened.client.close()
    }
    const opened = createSession({ storage, token: embedder.requestToken, embedder, signIn })
    return opened
  }, [embedder, attempt, storage])
  return <Messenger key={attempt} session={session} />
}

function SignedIn({
  token,
  signOut,
  storage,
}: WithStorage & Readonly<{ token: string; signOut(): void }>): ReactNode {
  const session = useMemo(() => {
    // The sign-in page first: a closed client counts as signed out.
    const signIn = (): void => {
      signOut()
      void opened.client.close()
    }
    const end = (): void => {
      signOut()
      // Notifications still need the client.
      void opened.notifications.end().then(() => opened.client.close())
    }
    const remember = (): void => rememberToken(token)
    const opened = createSession({ storage, token, signOut: end, signIn, remember })
    return opened
    // The session lives as long as its token.
  }, [token])
  return <Messenger session={session} />
}
