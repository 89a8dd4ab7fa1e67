import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

export default defineConfig({
  root: path('.'),
  logLevel: 'warn',
  build: {
    outDir: path('../dist/console'),
    emptyOutDir: true,
    // Everything is a file of its own: the pages' Content-Security-Policy lets no data: URL pass.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" is for those who render on a server.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
  // `npx vite console` beside a running service: the pages from their sources, the API from the service.
  server: { proxy: { '/v2': 'http://127.0.0.1:8080', '/openapi.json': 'http://127.0.0.1:8080' } },
})
