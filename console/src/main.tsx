import '@mantine/core/styles.css'
import './style/colours.css'
import './style/base.css'
import './style/frame.css'
import './style/tables.css'
import './style/facts.css'
import './style/forms.css'
import './style/imports.css'
import './style/sign-in.css'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import { takeKeyFromAddress } from './session'

void takeKeyFromAddress()
// A link that is pasted over the address of an open console changes only the fragment.
addEventListener('hashchange', () => void takeKeyFromAddress())

const root = document.getElementById('root')
if (root) createRoot(root).render(<App />)
