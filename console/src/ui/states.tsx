import { Alert, Button, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { isPassing, Refused, Unreachable } from '../api/request'

interface FailureProps {
  readonly error: Error
  /** Offered only where it may help: what the service refused, it will refuse again. */
  readonly onRetry?: () => void
  /** What the person can do about it. */
  readonly children?: ReactNode
}

/** Something did not work: what, and what to do. */
export function Failure({ error, onRetry, children }: FailureProps) {
  return (
    <Alert color="red" variant="light" title={titleOf(error)} role="alert" className="block">
      <Text size="sm" className="sentences">
        {error.message}
      </Text>
      {error instanceof Refused &&
        error.problems.map(({ meta }) =>
          meta?.request_id === undefined ? null : (
            <Text size="sm" key={meta.request_id}>
              The service’s log has the details under request id <code>{meta.request_id}</code>.
            </Text>
          ),
        )}
      {children}
      {onRetry && isPassing(error) && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

function titleOf(error: Error): string {
  if (error instanceof Unreachable) return 'The service cannot be reached'
  if (!(error instanceof Refused)) return 'Something went wrong'
  if (error.status === 404) return 'Not found'
  if (error.status === 410) return 'No longer available'
  return error.status >= 500 ? 'The service has a problem' : 'The service did not accept this'
}

/** There is nothing to show, and why. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <Text fw={600}>{title}</Text>
      {children}
    </div>
  )
}
