import { Button, Group, Modal, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { Failure } from './states'

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
    // Without the library's header, which would be a second banner on the page.
    <Modal.Root opened={isOpen} onClose={onNo} lockScroll={false} centered>
      <Modal.Overlay />
      <Modal.Content aria-label={title}>
        <Modal.Body>
          <Title order={2} mb="sm">
            {title}
          </Title>
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
              onClick={onYes}
            >
              {yes}
            </Button>
          </Group>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
