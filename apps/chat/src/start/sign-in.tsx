import { type ReactNode, useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Logo } from '../ui/logo.tsx'
import { TextField } from '../ui/text-field.tsx'

/** Takes a token. A product that embeds the app hands it over in the fragment instead. */
export function SignIn({ onToken }: Readonly<{ onToken(token: string): void }>): ReactNode {
  const [token, setToken] = useState('')
  const given = token.trim()
  return (
    <main className="sign-in">
      <form
        className="sign-in-card"
        onSubmit={(event) => {
          event.preventDefault()
          if (given !== '') onToken(given)
        }}
      >
        <Logo />
        <h1>Sign in to Parley</h1>
        <p>Paste the token that your product or your operator gave you. It stays in this browser tab.</p>
        <TextField label="Token" value={token} onChange={setToken} type="password" isFocused />
        <Button type="submit" className="button button-primary" isDisabled={given === ''}>
          Sign in
        </Button>
      </form>
    </main>
  )
}
