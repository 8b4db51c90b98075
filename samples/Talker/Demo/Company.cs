namespace Talker.Demo;

/// <summary>All scripted players, and the rules of who hears what: written down a second time, apart from the talker's own code.</summary>
internal sealed class Company(IReadOnlyList<DemoPlayer> players)
{
    private const string House = "***";

    public IReadOnlyList<DemoPlayer> Players { get; } = players;

    public IEnumerable<DemoPlayer> Inside => Players.Where(p => p.IsIn);

    /// <summary>The talker says something to everybody.</summary>
    public void ExpectAnnouncement(string line, DemoPlayer? except = null)
    {
        foreach (DemoPlayer player in Inside.Where(p => p != except))
            player.Inbox.Expect(House, $"*** {line} ***");
    }

    /// <returns>Completes when the speaker has got the answer.</returns>
    public Task Expect(Utterance said)
    {
        DemoPlayer speaker = said.Speaker;
        IEnumerable<DemoPlayer> others = Inside.Where(p => p != speaker);
        (string own, string heard, IEnumerable<DemoPlayer> by) = said.Kind switch
        {
            Saying.Say => ($"You say: {said.Text}", $"{speaker.Name} says: {said.Text}", others.Where(p => p.Room == speaker.Room)),
            Saying.Emote => ($"{speaker.Name} {said.Text}", $"{speaker.Name} {said.Text}", others.Where(p => p.Room == speaker.Room)),
            Saying.Shout => ($"You shout: {said.Text}", $"{speaker.Name} shouts: {said.Text}", others),
            _ => ($"You tell {said.To!.Name}: {said.Text}", $"{speaker.Name} tells you: {said.Text}", [said.To]),
        };
        foreach (DemoPlayer player in by)
            player.Inbox.Expect(speaker.Name, heard);
        return speaker.Inbox.Expect("own", own);
    }
}
