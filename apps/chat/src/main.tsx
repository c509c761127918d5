import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { boot } from './boot/boot.ts'
import { applyAppearance } from './lib/appearance.ts'
import { findStorage } from './session/storage.ts'

applyAppearance()
const root = document.getElementById('root')
if (root === null) throw new Error('The page has no element with the id "root".')
const [first, storage] = await Promise.all([boot(), findStorage()])
createRoot(root).render(
  <StrictMode>
    <App first={first} storage={storage} />
  </StrictMode>,
)
