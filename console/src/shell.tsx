import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { percent } from './format'
import icon from './icon.svg'
import { signOut } from './session'
import { useUpload } from './upload'

const PAGES = [
  { href: '/imports', text: 'Imports' },
  { href: '/records', text: 'Records' },
  { href: '/new', text: 'New import' },
]

/** The frame of every page. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [location] = useLocation()
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
            intake
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
            <ColorSchemeControl />
            <Button size="xs" variant="default" onClick={() => signOut('signed-out')}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main id="content" className="content" tabIndex={-1}>
        {children}
      </main>
    </>
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
