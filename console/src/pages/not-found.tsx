import { Text } from '@mantine/core'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'

export function NotFoundPage() {
  return (
    <Page title="Page not found">
      <Text>
        The address may have been cut short. <TextLink href="/imports">Go to the imports</TextLink>
      </Text>
    </Page>
  )
}
