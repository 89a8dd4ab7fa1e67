import { Alert, Button, CopyButton, Text } from '@mantine/core'

interface SecretProps {
  readonly title: string
  /** By what they are called where they are used. */
  readonly values: Readonly<Record<string, string>>
  onClose(): void
}

/** A secret that is shown once. */
export const Secret = ({ title, values, onClose }: SecretProps) => (
  <Alert color="teal" variant="light" title={title} role="status" className="block">
    <Text size="sm">Copy it now: it is not shown again.</Text>
    {Object.entries(values).map(([name, value]) => (
      <div key={name} className="secret">
        <span>{name}</span>
        <code className="break">{value}</code>
        <Copy name={name} value={value} />
      </div>
    ))}
    <Button size="xs" variant="default" mt="sm" onClick={onClose}>
      I have kept it
    </Button>
  </Alert>
)

/** Browsers let pages copy only over https, or on this machine. */
const Copy = ({ name, value }: { readonly name: string; readonly value: string }) =>
  'clipboard' in navigator ? (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button size="xs" variant="default" aria-label={`Copy the ${name}`} onClick={copy}>
          {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </CopyButton>
  ) : null
