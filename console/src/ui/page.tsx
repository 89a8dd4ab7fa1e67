import { Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'

interface PageProps {
  /** The heading, and the title of the browser's tab. */
  readonly title: string
  /** Above the heading. */
  readonly above?: ReactNode
  readonly beside?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

let isFirstPage = true

/**
 * The frame of a page. The heading takes the focus, so that a screen reader announces where a link has led.
 */
export function Page({ title, above, beside, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus()
    isFirstPage = false
  }, [])
  useEffect(() => {
    document.title = `${title} · intake`
  }, [title])
  return (
    <>
      {above !== undefined && <div className="page-above">{above}</div>}
      <div className="page-head">
        <Title order={1} ref={heading} tabIndex={-1} className="page-title">
          {title}
        </Title>
        {beside}
        {actions !== undefined && <div className="page-actions">{actions}</div>}
      </div>
      {children}
    </>
  )
}
