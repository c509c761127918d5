import { type ReactNode, useState } from 'react'
import { type DemoPerson, PANE } from '../boot/boot.ts'

/** The people whose panes are shown. */
const SHOWN = 2

/** Development: two people side by side, each with the whole app in a frame of their own. */
export function StartPage({ people }: Readonly<{ people: readonly DemoPerson[] }>): ReactNode {
  const [visible, setVisible] = useState(0)
  const shown = people.slice(0, SHOWN)
  return (
    <main className="start">
      <h1 className="visually-hidden">Parley: two people side by side</h1>
      <div className="start-tabs">
        {shown.map(({ id, name }, index) => (
          <button key={id} type="button" aria-pressed={index === visible} onClick={() => setVisible(index)}>
            {name}
          </button>
        ))}
      </div>
      <div className="panes">
        {shown.map(({ id, name }, index) => (
          <iframe
            key={id}
            className="pane"
            data-visible={index === visible}
            title={`${name}’s app`}
            src={`./?${PANE}=${encodeURIComponent(name.toLowerCase())}`}
          />
        ))}
      </div>
    </main>
  )
}
