import { createTheme, MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useState } from 'react'
import { Route, Switch } from 'wouter'
import { Refused, Unreachable } from './api/request'
import { ImportPage } from './pages/import'
import { ImportsPage } from './pages/imports'
import { NewImportPage } from './pages/new-import'
import { NotFoundPage } from './pages/not-found'
import { RecordPage } from './pages/record'
import { RecordsPage } from './pages/records'
import { SignInPage } from './pages/sign-in'
import { currentKey, type Session, signOut, useSession } from './session'
import { Shell } from './shell'
import { OfferedKey } from './ui/offered-key'

const theme = createTheme({ primaryColor: 'teal', cursorType: 'pointer', respectReducedMotion: true })

const createQueryClient = (key: string | undefined) =>
  new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        // A response for the previous key may be late.
        if (error instanceof Refused && error.status === 401 && currentKey() === key) signOut('refused')
      },
    }),
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
      <ForSession key={session.key} session={session} />
    </MantineProvider>
  )
}

/** With a cache for this session only: what one key sees is not for the next. */
function ForSession({ session }: { readonly session: Session }) {
  const [queryClient] = useState(() => createQueryClient(session.key))
  return (
    <QueryClientProvider client={queryClient}>
      {session.key === undefined ? <SignInPage because={session.because} /> : <Pages />}
    </QueryClientProvider>
  )
}

function Pages() {
  return (
    <Shell>
      <OfferedKey />
      <Switch>
        <Route path="/" component={ImportsPage} />
        <Route path="/imports" component={ImportsPage} />
        <Route path="/imports/:id">{({ id }) => <ImportPage key={id} id={id} />}</Route>
        <Route path="/new" component={NewImportPage} />
        <Route path="/records/:list?">{({ list }) => <RecordsPage list={list} />}</Route>
        <Route path="/records/:list/:id">
          {({ list, id }) => <RecordPage key={id} list={list} id={id} />}
        </Route>
        <Route component={NotFoundPage} />
      </Switch>
    </Shell>
  )
}
