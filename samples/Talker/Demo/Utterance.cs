namespace Talker.Demo;

/// <summary>Something a scripted player says.</summary>
/// <param name="Speaker">Who.</param>
/// <param name="Kind">How.</param>
/// <param name="To">To whom, if to one only.</param>
/// <param name="Text">What others get to see of it.</param>
/// <param name="Bytes">What goes over the wire: the typed line, perhaps with telnet sequences in it.</param>
/// <param name="Cuts">Where these bytes are cut into fragments.</param>
internal sealed record Utterance(DemoPlayer Speaker, Saying Kind, DemoPlayer? To, string Text, byte[] Bytes, IReadOnlyList<int> Cuts);
