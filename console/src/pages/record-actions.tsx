import { Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import type { StoredRecord } from '../api/record'
import type { ListedType } from '../api/record-types'
import { deleteRecord } from '../api/records'
import { visible } from '../format'
import { useIsOwn } from '../session'
import { Confirm } from '../ui/dialog'
import { ButtonLink } from '../ui/link'

interface RecordActionsProps {
  readonly type: ListedType
  readonly record: StoredRecord
}

/** What can be done with a record that is one's own. */
export function RecordActions({
  type: { list, noun },
  record: { id, attributes, meta },
}: RecordActionsProps) {
  const queryClient = useQueryClient()
  const [, navigate] = useLocation()
  if (!useIsOwn(meta.owner === 'store' ? 'store' : 'organization')) return null
  return (
    <>
      <ButtonLink variant="default" href={`/records/${list}/${id}/change`}>
        Change
      </ButtonLink>
      <Confirm
        action="Delete"
        question={`Delete this ${noun}?`}
        keep="Keep it"
        run={async () => {
          await deleteRecord(list, id)
          navigate(`/records/${list}`)
          await queryClient.invalidateQueries({ queryKey: ['records'] })
        }}
      >
        <Text className="break">
          “{visible(String(attributes.name ?? id))}” is gone then. What others hold of it are copies, which
          stay.
        </Text>
      </Confirm>
    </>
  )
}
