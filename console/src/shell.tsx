import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Me } from './api/session'
import { named, percent } from './format'
import icon from './icon.svg'
import { signOut } from './session'
import { Failure } from './ui/states'
import { useAction } from './ui/use-action'
import { useUpload } from './upload'

const PAGES = [
  { href: '/imports', text: 'Imports' },
  { href: '/records', text: 'Records' },
  { href: '/new', text: 'New import' },
  { href: '/keys', text: 'Keys' },
  { href: '/webhooks', text: 'Webhooks' },
]

/** The frame of every page. */
export function Shell({ me, children }: { readonly me: Me; readonly children: ReactNode }) {
  const [location] = useLocation()
  const leave = useAction({ mutationFn: signOut })
  const at = location === '/' ? '/imports' : location
  return (
    <>
      <a href="#content" className="skip-link">
        Skip to the content
      </a>
      <header className="header">
        <div className="header-inner">
          <Link href="/" className="brand">
            <img src={icon} alt="" width={28} height={28} />
            <span className="brand-name">intake</span>
          </Link>
          <nav className="header-nav" aria-label="Pages">
            {PAGES.map(({ href, text }) => (
              <Link
                key={href}
                href={href}
                className="header-link"
                aria-current={at === href || at.startsWith(`${href}/`) ? 'page' : undefined}
              >
                {text}
                {href === '/new' && <UploadShare />}
              </Link>
            ))}
          </nav>
          <div className="header-end">
            <Who me={me} />
            <ColorSchemeControl />
            <Button size="xs" variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main id="content" className="content" tabIndex={-1}>
        {leave.error && <Failure error={leave.error} onRetry={() => leave.mutate()} />}
        {children}
      </main>
    </>
  )
}

/** Whose records these are. */
function Who({ me: { attributes, meta } }: { readonly me: Me }) {
  const { owner, store, organization } = meta
  return (
    <p className="who" title={`Signed in with the key “${named(attributes.name)}”`}>
      <span className="who-owner">
        <span className="visually-hidden">{owner === 'store' ? 'Store ' : 'Organization '}</span>
        {named((store ?? organization)?.name ?? '')}
      </span>
      <span className="who-more">{store && organization ? `of ${named(organization.name)}` : owner}</span>
    </p>
  )
}

/** An upload continues while a person looks at other pages. */
function UploadShare() {
  const upload = useUpload()
  if (upload?.status !== 'sending') return null
  return <span className="upload-share">{percent(upload.sent / upload.file.size)}</span>
}

function ColorSchemeControl() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl
      size="xs"
      aria-label="Colours"
      value={colorScheme}
      onChange={(value) => setColorScheme(value as typeof colorScheme)}
      data={[
        { value: 'auto', label: 'Auto' },
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
      ]}
    />
  )
}
