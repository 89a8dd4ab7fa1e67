import { createTheme, MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Route, Switch } from 'wouter'
import { Refused, Unreachable } from './api/request'
import { ImportPage } from './pages/import'
import { ImportsPage } from './pages/imports'
import { NewImportPage } from './pages/new-import'
import { NotFoundPage } from './pages/not-found'
import { RecordPage } from './pages/record'
import { RecordsPage } from './pages/records'
import { SignInPage } from './pages/sign-in'
import { signOut, useSession } from './session'
import { Shell } from './shell'

const theme = createTheme({ primaryColor: 'teal', cursorType: 'pointer', respectReducedMotion: true })

const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error) {
      if (error instanceof Refused && error.status === 401) signOut('refused')
    },
  }),
  defaultOptions: {
    queries: {
      // A service that is being restarted is back soon. What it refused it will refuse again.
      retry: (failures, error) => error instanceof Unreachable && failures < 2,
      retryDelay: 500,
      // The service may well be on this machine, which needs no network.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

export function App() {
  return (
    // The variables and classes come with the style sheets: the pages' Content-Security-Policy lets no style element pass.
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queryClient}>
        <Pages />
      </QueryClientProvider>
    </MantineProvider>
  )
}

function Pages() {
  const session = useSession()
  const { key } = session
  // What one key sees is not for the next.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is what it waits for
  useEffect(() => () => queryClient.clear(), [key])
  if (session.key === undefined) return <SignInPage because={session.because} />
  return (
    <Shell key={key}>
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
