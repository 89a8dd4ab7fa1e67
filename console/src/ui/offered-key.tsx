import { Button, Group, Modal, Text } from '@mantine/core'
import { declineOfferedKey, signIn, useOfferedKey } from '../session'
import { Failure } from './states'
import { useAction } from './use-action'

/** Asks a person who is signed in whether to use the key of a link that was opened. */
export function OfferedKey() {
  const key = useOfferedKey()
  const change = useAction({ mutationFn: signIn })
  return (
    <Modal.Root opened={key !== undefined} onClose={declineOfferedKey} lockScroll={false} centered>
      <Modal.Overlay />
      <Modal.Content aria-label="Sign in with the key of this link?">
        <Modal.Body>
          <Text fw={600} mb="xs">
            Sign in with the key of this link?
          </Text>
          <Text size="sm">
            The link has a different API key from the one that you are signed in with. With it you may see
            another store, and your imports go there. If you do not know the link, stay signed in as you are.
          </Text>
          {change.error && <Failure error={change.error} />}
          <Group mt="md" justify="flex-end">
            <Button
              variant="default"
              loading={change.isPending}
              onClick={() => key !== undefined && change.mutate(key)}
            >
              Use the link’s key
            </Button>
            <Button data-autofocus onClick={declineOfferedKey}>
              Stay signed in
            </Button>
          </Group>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
