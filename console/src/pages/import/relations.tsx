import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { getImport, type Import } from '../../api/imports'
import { nameOf } from '../../imports'
import { TextLink } from '../../ui/link'

/** The imports that this one has to do with. */
export function Relations({ one }: { readonly one: Import }) {
  const { rehearsal_of, run_as, fixes, fixed_by, same_file_as } = one.meta
  return (
    <>
      {rehearsal_of !== undefined && (
        <Relation id={rehearsal_of}>It was rehearsed before, without adding anything:</Relation>
      )}
      {run_as !== undefined && <Relation id={run_as}>This rehearsal was run for real:</Relation>}
      {fixes !== undefined && <Relation id={fixes}>It has corrected lines of another import:</Relation>}
      {fixed_by !== undefined && (
        <Relation id={fixed_by}>Rejected lines were corrected and imported:</Relation>
      )}
      {same_file_as !== undefined && (
        <Relation id={same_file_as}>The same file had been imported before:</Relation>
      )}
    </>
  )
}

function Relation({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  const { data } = useQuery({ queryKey: ['import', id], queryFn: () => getImport(id), staleTime: 60_000 })
  return (
    <Text size="sm" mt="sm">
      {children} <TextLink href={`/imports/${id}`}>{data ? nameOf(data) : 'see the import'}</TextLink>
    </Text>
  )
}
