import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { boot } from './boot/boot.ts'
import { applyAppearance } from './lib/appearance.ts'

applyAppearance()
const root = document.getElementById('root')
if (root === null) throw new Error('The page has no element with the id "root".')
createRoot(root).render(
  <StrictMode>
    <App first={await boot()} />
  </StrictMode>,
)
