import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

interface To {
  readonly href: string
  readonly children: ReactNode
}

/** A link to another page of the console. */
export const TextLink = (props: AnchorProps & To) => <Anchor component={Link} inherit {...props} />

/** The same, looking like a button. */
export const ButtonLink = (props: ButtonProps & To) => <Button component={Link} {...props} />
