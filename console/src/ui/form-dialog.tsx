import { Button, Group } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Dialog } from './dialog'
import { Failure } from './states'
import { useAction } from './use-action'

interface FormDialogProps {
  /** The button that opens it. */
  readonly open: string
  readonly title: string
  /** The button that sends it. */
  readonly submit: string
  /** The fields. */
  readonly children: ReactNode
  /** Closes the dialog when it is done; what it throws is shown. */
  run(): Promise<unknown>
}

/** A button that opens a short form. */
export function FormDialog({ open, title, submit, children, run }: FormDialogProps) {
  const [isOpen, setOpen] = useState(false)
  const sending = useAction({ mutationFn: run, onSuccess: () => setOpen(false) })
  return (
    <>
      <Button
        onClick={() => {
          sending.reset()
          setOpen(true)
        }}
      >
        {open}
      </Button>
      <Dialog title={title} isOpen={isOpen} onClose={() => setOpen(false)}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            // While the dialog fades away, its button can still be pressed.
            if (isOpen) sending.mutate()
          }}
        >
          {children}
          {sending.error && <Failure error={sending.error} />}
          <Group mt="lg" justify="flex-end">
            <Button variant="default" onClick={() => setOpen(false)}>
              Back
            </Button>
            <Button type="submit" loading={sending.isPending}>
              {submit}
            </Button>
          </Group>
        </form>
      </Dialog>
    </>
  )
}
