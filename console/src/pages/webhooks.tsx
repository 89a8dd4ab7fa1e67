import { Alert, Button, Group, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { addWebhook, listWebhooks, removeWebhook, testWebhook, type Webhook } from '../api/access'
import { visible } from '../format'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { Confirm } from '../ui/dialog'
import { FormDialog } from '../ui/form-dialog'
import { Page } from '../ui/page'
import { LIST_MAX_OFFSET, Paging } from '../ui/paging'
import { Secret } from '../ui/secret'
import { Empty, Failure } from '../ui/states'
import { RelativeTime } from '../ui/time'
import { useAction } from '../ui/use-action'
import { Deliveries } from './webhook-deliveries'

/** Who is notified when an import of the store or organization ends. */
export function WebhooksPage() {
  const address = useAddress()
  const { offset } = address
  const [added, setAdded] = useState<Webhook>()
  const [opened, setOpened] = useState<string>()
  const webhooks = useQuery({
    queryKey: ['webhooks', offset],
    queryFn: () => listWebhooks(offset),
    placeholderData: keepPreviousData,
  })
  const { data, error } = webhooks
  return (
    <Page title="Webhooks" actions={<NewWebhook onAdded={setAdded} />}>
      <Text className="quiet" mb="md">
        A webhook is a URL that is posted to when an import ends. Messages are signed, and sent again for
        about a day until they are accepted.
      </Text>
      {added && (
        <Secret
          title={`${visible(added.attributes.url)} was added`}
          values={{ 'signing secret': added.attributes.secret ?? '' }}
          onClose={() => setAdded(undefined)}
        />
      )}
      {error && <Failure error={error} onRetry={() => webhooks.refetch()} />}
      {data?.data.length === 0 ? (
        <Empty title="There are no webhooks">
          <Text>Nobody is notified when an import ends.</Text>
        </Empty>
      ) : (
        !(error && !data) && (
          <DataTable
            label="Webhooks, newest first"
            columns={columnsWith(opened, setOpened)}
            rows={data?.data}
            rowKey={({ id }) => id}
            isStale={webhooks.isPlaceholderData}
            below={({ id }) => (id === opened ? <Deliveries webhookId={id} /> : undefined)}
          />
        )
      )}
      {data && (
        <Paging
          what="webhooks"
          offset={offset}
          total={data.meta.results.total}
          maxOffset={LIST_MAX_OFFSET}
          onChange={(changed) => address.set({ offset: changed })}
        />
      )}
    </Page>
  )
}

const columnsWith = (
  opened: string | undefined,
  open: (id: string | undefined) => void,
): readonly Column<Webhook>[] => [
  {
    header: 'URL',
    width: '45%',
    cell: ({ attributes, meta }) => (
      <>
        <span className="break">{visible(attributes.url)}</span>
        {meta.warnings.map((warning) => (
          <Text key={warning} size="sm" className="quiet">
            {warning}
          </Text>
        ))}
      </>
    ),
  },
  { header: 'Added', cell: ({ meta }) => <RelativeTime time={meta.timestamps.created_at} /> },
  {
    header: 'Actions',
    width: '36%',
    isHeaderHidden: true,
    cell: (webhook) => (
      <Actions
        webhook={webhook}
        isOpen={opened === webhook.id}
        toggle={(isOpen) => open(isOpen ? webhook.id : undefined)}
      />
    ),
  },
]

interface ActionsProps {
  readonly webhook: Webhook
  readonly isOpen: boolean
  toggle(isOpen: boolean): void
}

function Actions({ webhook: { id, attributes }, isOpen, toggle }: ActionsProps) {
  const queryClient = useQueryClient()
  const url = visible(attributes.url)
  const test = useAction({
    mutationFn: () => testWebhook(id),
    async onSuccess() {
      toggle(true)
      await queryClient.invalidateQueries({ queryKey: ['deliveries', id] })
    },
  })
  return (
    <>
      <Group gap="xs" justify="flex-end">
        <Button size="xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          Send a test
        </Button>
        <Button size="xs" variant="default" aria-expanded={isOpen} onClick={() => toggle(!isOpen)}>
          {isOpen ? 'Hide messages' : 'Show messages'}
        </Button>
        <Confirm
          action="Remove"
          label={`Remove ${url}`}
          question="Remove this webhook?"
          keep="Keep it"
          size="xs"
          run={async () => {
            await removeWebhook(id)
            await queryClient.invalidateQueries({ queryKey: ['webhooks'] })
          }}
        >
          <Text className="break">
            {url} is no longer notified. Messages that wait for it are dropped, and its list of messages with
            them.
          </Text>
        </Confirm>
      </Group>
      {test.error && (
        <Alert color="orange" variant="light" role="alert" mt="xs">
          {test.error.message}
        </Alert>
      )}
    </>
  )
}

function NewWebhook({ onAdded }: { onAdded(webhook: Webhook): void }) {
  const queryClient = useQueryClient()
  const [url, setUrl] = useState('')
  const add = async () => {
    onAdded(await addWebhook(url.trim()))
    setUrl('')
    void queryClient.invalidateQueries({ queryKey: ['webhooks'] })
  }
  return (
    <FormDialog open="Add webhook" title="Add a webhook" submit="Add webhook" run={add}>
      <TextInput
        label="URL"
        description="Where messages are posted to: https://shop.example/hooks/imports, say"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        required
        withAsterisk={false}
        data-autofocus
      />
    </FormDialog>
  )
}
