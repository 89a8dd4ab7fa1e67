import { Button, Group, Modal, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Failure } from './states'

interface DialogProps {
  readonly title: string
  readonly isOpen: boolean
  onClose(): void
  readonly children: ReactNode
}

/** Without the library's header, which would be a second banner on the page. */
export const Dialog = ({ title, isOpen, onClose, children }: DialogProps) => (
  <Modal.Root opened={isOpen} onClose={onClose} lockScroll={false} centered>
    <Modal.Overlay />
    <Modal.Content aria-label={title}>
      <Modal.Body>
        <Title order={2} mb="sm">
          {title}
        </Title>
        {children}
      </Modal.Body>
    </Modal.Content>
  </Modal.Root>
)

interface ConfirmProps {
  /** On the button that asks, and on the one that does it. */
  readonly action: string
  /** What the button is for, for screen readers; several on a page differ by it. */
  readonly label?: string
  readonly question: string
  /** What will happen. */
  readonly children: ReactNode
  readonly keep: string
  readonly size?: 'xs' | 'sm'
  run(): Promise<unknown>
}

/** A button for what cannot be taken back: it asks first. */
export function Confirm({ action, label, question, children, keep, size = 'sm', run }: ConfirmProps) {
  const [isAsked, setAsked] = useState(false)
  const mutation = useMutation({ mutationFn: run, onSuccess: () => setAsked(false) })
  return (
    <>
      <Button size={size} variant="default" aria-label={label} onClick={() => setAsked(true)}>
        {action}
      </Button>
      <Dialog title={question} isOpen={isAsked} onClose={() => setAsked(false)}>
        {children}
        {mutation.error && <Failure error={mutation.error} />}
        <Group mt="lg" justify="flex-end">
          <Button variant="default" onClick={() => setAsked(false)} data-autofocus>
            {keep}
          </Button>
          <Button color="red" loading={mutation.isPending} onClick={() => mutation.mutate()}>
            {action}
          </Button>
        </Group>
      </Dialog>
    </>
  )
}
