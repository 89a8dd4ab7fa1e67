import { Button, Text } from '@mantine/core'
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

/** The page is there, but its code could not be loaded. */
export function MissingPage() {
  return (
    <Page title="The page could not be loaded">
      <Text mb="md">The service cannot be reached, or was upgraded since this console was opened.</Text>
      <Button onClick={() => location.reload()}>Load the console again</Button>
    </Page>
  )
}
