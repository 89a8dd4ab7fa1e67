import { Button, PasswordInput, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Refused } from '../api/request'
import { checkKey } from '../api/session'
import icon from '../icon.svg'
import { signIn } from '../session'
import { Failure } from '../ui/states'

/** Signing in without the link that `npm start` prints. */
export function SignInPage({ because }: { readonly because: 'refused' | 'signed-out' | undefined }) {
  const [key, setKey] = useState('')
  const check = useMutation({ mutationFn: checkKey, onSuccess: () => signIn(key.trim()) })
  const isUnknown = check.error instanceof Refused && check.error.status === 401
  const problem = isUnknown
    ? 'The service does not know this key. Compare it with the key that it printed.'
    : because === 'refused' && check.isIdle
      ? 'The service does not accept this key. Was it revoked, or was the link cut off?'
      : undefined
  return (
    <main className="sign-in">
      <title>Sign in · intake</title>
      <div className="sign-in-brand">
        <img src={icon} alt="" width={44} height={44} />
        <Title order={1}>intake</Title>
      </div>
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
        Or open the link after “console:” in the terminal where the service was started. It contains the key,
        and the key stays in this browser tab only.
      </Text>
    </main>
  )
}
