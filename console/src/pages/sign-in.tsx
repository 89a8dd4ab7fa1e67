import { Button, PasswordInput, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { Refused } from '../api/request'
import icon from '../icon.svg'
import { type Reason, signIn, takeKeyFromAddress } from '../session'
import { Failure } from '../ui/states'
import { useAction } from '../ui/use-action'

/** Signing in without the link that `npm start` prints. */
export function SignInPage({ because }: { readonly because: Reason | undefined }) {
  const [key, setKey] = useState('')
  const check = useAction({ mutationFn: signIn })
  const isUnknown = check.error instanceof Refused && check.error.status === 401
  const problem = isUnknown
    ? 'The service does not know this key. Compare it with the key that it printed.'
    : because === 'refused' && check.isIdle
      ? 'The service does not accept this key. Was it revoked, or was the link cut off?'
      : undefined
  return (
    <main className="sign-in">
      <title>Sign in · intake</title>
      <Brand />
      {because === 'ended' && (
        <Text mb="md" role="status">
          Your session has ended: it was not used for an hour, or its key was revoked. Please sign in again.
        </Text>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          check.mutate(key.trim())
        }}
      >
        <PasswordInput
          label="API key"
          description="The service prints it when it starts, and keeps it in the file api-key of its data folder."
          error={problem}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show the key', tabIndex: 0 }}
          required
          withAsterisk={false}
          size="md"
        />
        <Button type="submit" size="md" fullWidth mt="md" loading={check.isPending}>
          Sign in
        </Button>
      </form>
      {check.error && !isUnknown && <Failure error={check.error} />}
      <Text size="sm" mt="lg" className="quiet">
        Or open the link after “console:” in the terminal where the service was started. It contains the key.
        The browser does not keep it: you stay signed in, in all tabs, until you sign out, close the browser
        or leave it unused for an hour.
      </Text>
    </main>
  )
}

const Brand = () => (
  <div className="sign-in-brand">
    <img src={icon} alt="" width={44} height={44} />
    <Title order={1}>intake</Title>
  </div>
)

/** The service could not say who is signed in. */
export const AwayPage = ({ error }: { readonly error: Error }) => (
  <main className="sign-in">
    <title>intake</title>
    <Brand />
    <Failure error={error} onRetry={() => void takeKeyFromAddress()} />
  </main>
)
