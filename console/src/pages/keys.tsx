import { Badge, Radio, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createKey, type Key, type KeyKind, listKeys, revokeKey } from '../api/access'
import { visible } from '../format'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { Confirm } from '../ui/dialog'
import { FormDialog } from '../ui/form-dialog'
import { Page } from '../ui/page'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { Secret } from '../ui/secret'
import { Failure } from '../ui/states'
import { RelativeTime } from '../ui/time'

const KINDS: Readonly<Record<KeyKind, string>> = { api_key: 'API key', client: 'OAuth client' }

/** The keys and clients of the store or organization that is signed in. */
export function KeysPage() {
  const address = useAddress()
  const { offset } = address
  const [created, setCreated] = useState<Key>()
  const keys = useQuery({
    queryKey: ['keys', offset],
    queryFn: () => listKeys(offset),
    placeholderData: keepPreviousData,
  })
  return (
    <Page title="Keys" actions={<NewKey onCreated={setCreated} />}>
      <Text className="quiet" mb="md">
        Each program that sends requests should have a key of its own, so that it can be revoked alone. Every
        key can do everything that you can do here.
      </Text>
      {created && <CreatedKey created={created} onClose={() => setCreated(undefined)} />}
      {keys.error && <Failure error={keys.error} onRetry={() => keys.refetch()} />}
      {!(keys.error && !keys.data) && (
        <DataTable
          label="Keys, newest first"
          columns={columns}
          rows={keys.data?.data}
          rowKey={({ id }) => id}
          isStale={keys.isPlaceholderData}
        />
      )}
      {keys.data && (
        <Paging
          what="keys"
          offset={offset}
          total={keys.data.meta.results.total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={(changed) => address.set({ offset: changed })}
        />
      )}
    </Page>
  )
}

const columns: readonly Column<Key>[] = [
  {
    header: 'Name',
    width: '32%',
    cell: ({ attributes, meta }) => (
      <>
        <span className="break">{visible(attributes.name)}</span>
        {meta.is_current && (
          <Badge color="teal" variant="light" className="mark">
            You are signed in with it
          </Badge>
        )}
      </>
    ),
  },
  { header: 'Kind', cell: ({ attributes: { kind } }) => KINDS[kind] },
  {
    header: 'Created by',
    cell: ({ meta: { created_by } }) =>
      created_by === undefined ? (
        <span className="quiet">the command line</span>
      ) : (
        <span className="break">{visible(created_by)}</span>
      ),
  },
  {
    header: 'Created',
    cell: ({ meta }) => <RelativeTime time={meta.timestamps.created_at} />,
  },
  {
    header: 'Revoke',
    isHeaderHidden: true,
    cell: (key) => (key.meta.is_current ? null : <Revoke revoked={key} />),
  },
]

function Revoke({ revoked: { id, attributes } }: { readonly revoked: Key }) {
  const queryClient = useQueryClient()
  const name = visible(attributes.name)
  return (
    <Confirm
      action="Revoke"
      label={`Revoke ${name}`}
      question="Revoke this key?"
      keep="Keep it"
      size="xs"
      run={async () => {
        await revokeKey(id)
        await queryClient.invalidateQueries({ queryKey: ['keys'] })
      }}
    >
      <Text>
        Whatever uses “{name}” is refused within seconds, and so are sessions that were opened with it. This
        cannot be taken back.
      </Text>
    </Confirm>
  )
}

function CreatedKey({ created, onClose }: { readonly created: Key; onClose(): void }) {
  const { name, kind, secret = '' } = created.attributes
  const values: Record<string, string> =
    kind === 'client' ? { client_id: created.id, client_secret: secret } : { 'API key': secret }
  return (
    <Secret title={`The ${KINDS[kind]} “${visible(name)}” was created`} values={values} onClose={onClose} />
  )
}

function NewKey({ onCreated }: { onCreated(key: Key): void }) {
  const queryClient = useQueryClient()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<KeyKind>('api_key')
  const create = async () => {
    onCreated(await createKey(name.trim(), kind))
    setName('')
    void queryClient.invalidateQueries({ queryKey: ['keys'] })
  }
  return (
    <FormDialog open="New key" title="New key" submit="Create key" run={create}>
      <TextInput
        label="Name"
        description="What you will know it by: the program that uses it, say"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <Radio.Group label="Kind" mt="md" value={kind} onChange={(value) => setKind(value as KeyKind)}>
        <Radio value="api_key" label={KINDS.api_key} description="Sent with each request" mt="xs" />
        <Radio
          value="client"
          label={KINDS.client}
          description="An id and a secret, exchanged for access tokens that are valid for an hour"
          mt="xs"
        />
      </Radio.Group>
    </FormDialog>
  )
}
