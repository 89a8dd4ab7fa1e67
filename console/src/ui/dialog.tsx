import { Button, Group, Modal, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Failure } from './states'
import { useAction } from './use-action'

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

interface QuestionProps {
  readonly isOpen: boolean
  readonly title: string
  /** What happens. */
  readonly children: ReactNode
  /** The button that does nothing: `Keep it running`. */
  readonly no: string
  /** The button that does it. */
  readonly yes: string
  readonly isDangerous?: boolean
  readonly isBusy?: boolean
  /** Whether it cannot be done. */
  readonly isImpossible?: boolean
  /** Why it did not work. */
  readonly error?: Error | null
  onNo(): void
  onYes(): void
}

/** Asks before something is done. The safe answer has the focus. */
export function Question({ isOpen, title, children, no, yes, onNo, onYes, ...rest }: QuestionProps) {
  const { isDangerous = false, isBusy = false, isImpossible = false, error } = rest
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onNo}>
      {children}
      {error && <Failure error={error} />}
      <Group mt="lg" justify="flex-end">
        <Button variant="default" onClick={onNo} data-autofocus>
          {no}
        </Button>
        <Button
          {...(isDangerous && { color: 'red' })}
          loading={isBusy}
          disabled={isImpossible}
          // While the dialog fades away, its button can still be pressed.
          onClick={() => isOpen && onYes()}
        >
          {yes}
        </Button>
      </Group>
    </Dialog>
  )
}

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
  const mutation = useAction({ mutationFn: run, onSuccess: () => setAsked(false) })
  return (
    <>
      <Button size={size} variant="default" aria-label={label} onClick={() => setAsked(true)}>
        {action}
      </Button>
      <Question
        isOpen={isAsked}
        title={question}
        no={keep}
        yes={action}
        isDangerous
        isBusy={mutation.isPending}
        error={mutation.error}
        onNo={() => setAsked(false)}
        onYes={() => mutation.mutate()}
      >
        {children}
      </Question>
    </>
  )
}
