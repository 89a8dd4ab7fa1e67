import { createTheme, MantineProvider } from '@mantine/core'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { Route, Switch } from 'wouter'
import { Refused, Unreachable } from './api/request'
import type { Me } from './api/session'
import { ImportsPage } from './pages/imports'
import { MissingPage, NotFoundPage } from './pages/not-found'
import { AwayPage, SignInPage } from './pages/sign-in'
import { currentCredential, lookAgain, type Session, useSession } from './session'
import { Shell } from './shell'
import { OfferedKey } from './ui/offered-key'

/** What is not needed for the first page is loaded after it, so that it is there when the service is away. */
const later = {
  editRecord: async () => ({ default: (await import('./pages/edit-record')).EditRecordPage }),
  import: async () => ({ default: (await import('./pages/import')).ImportPage }),
  keys: async () => ({ default: (await import('./pages/keys')).KeysPage }),
  newImport: async () => ({ default: (await import('./pages/new-import')).NewImportPage }),
  record: async () => ({ default: (await import('./pages/record')).RecordPage }),
  records: async () => ({ default: (await import('./pages/records')).RecordsPage }),
  webhooks: async () => ({ default: (await import('./pages/webhooks')).WebhooksPage }),
}

const missing = { default: MissingPage }
const EditRecordPage = lazy(() => later.editRecord().catch(() => missing))
const ImportPage = lazy(() => later.import().catch(() => missing))
const KeysPage = lazy(() => later.keys().catch(() => missing))
const NewImportPage = lazy(() => later.newImport().catch(() => missing))
const RecordPage = lazy(() => later.record().catch(() => missing))
const RecordsPage = lazy(() => later.records().catch(() => missing))
const WebhooksPage = lazy(() => later.webhooks().catch(() => missing))

const LOAD_LATER_MS = 1000

const theme = createTheme({ primaryColor: 'teal', cursorType: 'pointer', respectReducedMotion: true })

function createQueryClient(): QueryClient {
  const credential = currentCredential()
  const onError = (error: Error) => {
    // A response for the previous session may be late.
    if (error instanceof Refused && error.status === 401 && currentCredential() === credential) {
      void lookAgain('ended')
    }
  }
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // A service that is being restarted is back soon. What it refused, it will refuse again.
        retry: (failures, error) => error instanceof Unreachable && failures < 2,
        retryDelay: 500,
        // The service may be on this machine, which needs no network.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}

export function App() {
  const session = useSession()
  return (
    // Variables and classes come with the style sheets: the pages' Content-Security-Policy allows no style
    // elements.
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <ForSession key={session.status === 'in' ? session.me.id : session.status} session={session} />
    </MantineProvider>
  )
}

/** With a cache for this session only: what one key sees is not for the next. */
function ForSession({ session }: { readonly session: Session }) {
  const [queryClient] = useState(createQueryClient)
  if (session.status === 'asking') return <main aria-busy="true" />
  return (
    <QueryClientProvider client={queryClient}>
      {session.status === 'in' ? (
        <Pages me={session.me} />
      ) : session.status === 'out' ? (
        <SignInPage because={session.because} />
      ) : (
        <AwayPage error={session.error} />
      )}
    </QueryClientProvider>
  )
}

function Pages({ me }: { readonly me: Me }) {
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const load of Object.values(later)) load().catch(() => undefined)
    }, LOAD_LATER_MS)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Shell me={me}>
      <OfferedKey />
      <Suspense fallback={<div className="placeholder" aria-busy="true" />}>
        <Switch>
          <Route path="/" component={ImportsPage} />
          <Route path="/imports" component={ImportsPage} />
          <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={id} />}</Route>
          <Route path="/new" component={NewImportPage} />
          <Route path="/records/:list?">{({ list }) => <RecordsPage list={list} />}</Route>
          <Route path="/records/:list/new">
            {({ list }) => <EditRecordPage key={list} list={list} id={undefined} />}
          </Route>
          <Route path="/records/:list/:id/change">
            {({ list, id }) => <EditRecordPage key={id} list={list} id={id} />}
          </Route>
          <Route path="/records/:list/:id">
            {({ list, id }) => <RecordPage key={id} list={list} id={id} />}
          </Route>
          <Route path="/keys" component={KeysPage} />
          <Route path="/webhooks" component={WebhooksPage} />
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </Shell>
  )
}
