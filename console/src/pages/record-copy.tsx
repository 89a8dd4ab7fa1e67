import { Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { StoredRecord } from '../api/record'
import type { Copy, ListedType } from '../api/record-types'
import { exists } from '../api/records'
import { label, titleOf, visible } from '../format'
import { AttributeFact, Fact, Facts } from '../ui/facts'
import { TextLink } from '../ui/link'

interface CopiedRecordProps {
  readonly copy: Copy
  /** The record that has the copy. */
  readonly record: StoredRecord
  readonly types: readonly ListedType[]
}

/** A copy of another record within a record, with a link to the original where that still exists. */
export function CopiedRecord({ copy: { name, type, of }, record, types }: CopiedRecordProps) {
  const copied = of(record)
  const list = types.find((one) => one.type === type.type)?.list
  const original = useQuery({
    queryKey: ['exists', list, copied.id],
    queryFn: () => list !== undefined && exists(list, copied.id),
  })
  return (
    <section className="section">
      <Title order={2}>{label(name)}</Title>
      <Facts>
        {type.attributes.map((attribute) =>
          attribute.name === 'name' && original.data ? (
            <Fact key="name" name={titleOf(attribute)}>
              <TextLink href={`/records/${list}/${copied.id}`} className="break">
                {visible(String(attribute.of(copied)))}
              </TextLink>
            </Fact>
          ) : (
            <AttributeFact key={attribute.name} attribute={attribute} record={copied} />
          ),
        )}
      </Facts>
    </section>
  )
}
