import { Text } from '@mantine/core'
import { number } from '../../../../src/text/numbers'
import type { Rows } from '../../api/stream'

/** Says that there are more rows than are shown. */
export const FirstRows = ({ of, what }: { readonly of: Rows<unknown>; readonly what: string }) =>
  of.isWhole ? null : (
    <Text size="sm" mt="sm" className="quiet">
      These are the first {number(of.rows.length)} {what}. The download has all of them.
    </Text>
  )
