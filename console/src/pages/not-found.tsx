import { Text } from '@mantine/core'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <Text>
        Perhaps the address was cut short. <TextLink href="/imports">To the imports</TextLink>
      </Text>
    </Page>
  )
}
