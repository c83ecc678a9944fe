/** The page's script: a click on a block opens the list of its nodes, and following a link to a node or finding it in the page opens its block. */
export const script = `
const buttonOf = panel => document.querySelector('[aria-controls="' + panel.id + '"]')
const show = (panel, open) => {
  if (open) panel.removeAttribute('hidden')
  else panel.setAttribute('hidden', 'until-found')
  buttonOf(panel).setAttribute('aria-expanded', String(open))
}
document.addEventListener('click', event => {
  const button = event.target.closest('[aria-controls]')
  if (button === null) return
  const panel = document.getElementById(button.getAttribute('aria-controls'))
  show(panel, panel.hasAttribute('hidden'))
})
document.addEventListener('beforematch', event => show(event.target.closest('.panel'), true))
const follow = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1))
  const panel = target && target.closest('.panel')
  if (!panel) return
  show(panel, true)
  target.scrollIntoView({ block: 'center' })
}
addEventListener('hashchange', follow)
follow()
`
