import { Radio, Stack } from '@mantine/core'
import type { OnConflict } from '../../../../src/imports/terms'
import type { Features } from '../../api/document'

const POLICIES: Readonly<Record<OnConflict, { readonly label: string; readonly description: string }>> = {
  reject: {
    label: 'Reject it',
    description: 'It is reported as an error, and the existing record stays as it is.',
  },
  skip: {
    label: 'Skip it',
    description:
      'The existing record stays as it is, and this is not an error. Records without an external reference are added in any case.',
  },
  update: {
    label: 'Update it',
    description:
      'The existing record takes the attributes of the line, and counts as imported. Those that the line leaves out are cleared.',
  },
  patch: {
    label: 'Change only what the line gives',
    description:
      'The existing record takes the attributes of the line, and counts as imported. Those that the line leaves out stay.',
  },
}

interface ConflictChoiceProps {
  readonly policies: Features['conflictPolicies']
  readonly value: OnConflict
  onChange(value: OnConflict): void
}

/** What happens to records that exist already. */
export function ConflictChoice({ policies, value, onChange }: ConflictChoiceProps) {
  if (policies.length === 0) return null
  return (
    <Radio.Group
      label="When a record with the same external reference already exists"
      value={value}
      onChange={(chosen) => onChange(chosen as OnConflict)}
    >
      <Stack gap="sm" mt="xs">
        {policies.map((policy) => (
          <Radio key={policy} value={policy} {...POLICIES[policy]} />
        ))}
      </Stack>
    </Radio.Group>
  )
}
