/** The page's script: a click on a block opens the list of its nodes, and following a link to a node or finding it in the page opens its block; a slider goes through the passes, alone or side by side. */
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
const steps = [...document.querySelectorAll('.step')]
const controls = document.querySelector('.controls')
const last = steps.length - 1
let right = last, left = Math.max(0, last - 1), side = false
const within = (k, low, high) => Math.min(high, Math.max(low, k))
const ranges = which => document.querySelector('input[data-which=' + which + ']')
const draw = () => {
  if (controls === null) return
  right = within(right, side ? 1 : 0, last)
  left = within(left, 0, right - 1)
  steps.forEach((step, k) => {
    step.hidden = k !== right && !(side && k === left)
  })
  document.body.classList.toggle('side', side)
  controls.side.checked = side
  ranges('right').value = right
  ranges('left').value = left
  for (const button of document.querySelectorAll('[data-show]')) {
    const k = Number(button.dataset.show)
    button.setAttribute('aria-current', k === right ? 'step' : side && k === left ? 'true' : 'false')
  }
  for (const button of document.querySelectorAll('[data-move]')) {
    const [at, low, high] = button.dataset.which === 'right' ? [right, side ? 1 : 0, last] : [left, 0, right - 1]
    button.disabled = within(at + Number(button.dataset.move), low, high) === at
  }
}
const move = (which, k) => {
  if (which === 'left') left = k
  else {
    right = k
    left = k - 1
  }
  draw()
}
if (controls !== null) {
  controls.addEventListener('submit', event => event.preventDefault())
  controls.addEventListener('input', event => {
    if (event.target.name === 'side') {
      side = event.target.checked
      draw()
    } else move(event.target.dataset.which, Number(event.target.value))
  })
  controls.addEventListener('click', event => {
    const button = event.target.closest('button')
    if (button === null) return
    const { show: chosen, which, move: by } = button.dataset
    if (chosen !== undefined) move('right', Number(chosen))
    else move(which, (which === 'left' ? left : right) + Number(by))
  })
}
const follow = () => {
  const address = new URLSearchParams(location.hash.slice(1))
  if (address.has('step')) {
    side = address.has('side')
    move('right', Number(address.get('step')) - 1 || 0)
    return
  }
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1))
  const panel = target && target.closest('.panel')
  if (!panel) return
  const step = steps.indexOf(target.closest('.step'))
  if (step >= 0 && steps[step].hidden) move('right', step)
  show(panel, true)
  target.scrollIntoView({ block: 'center' })
}
addEventListener('hashchange', follow)
draw()
follow()
`
