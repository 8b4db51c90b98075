namespace Talker.Demo;

/// <summary>Somebody who is in the editor, in the middle of a word, when the talker is rebooted.</summary>
internal sealed class Writer(DemoPlayer player)
{
    private readonly string[] _lines = ["A friend of long sentences,", "  and of indentation: ñ, 漢, 😀."];

    /// <summary>What the talker says of it.</summary>
    public string Says => $"{player.Name} is writing (a description, {_lines.Length} lines so far)";

    public async Task OpenAsync()
    {
        _ = player.Inbox.Expect("own", "Write what others see when they look at you.");
        _ = player.Inbox.Expect("own", "A line with just '.' ends it, '.l' lists it, '.q' throws it away.");
        await player.SendLineAsync("edit desc");
        foreach (string line in _lines)
            await player.SendLineAsync(line);
        _ = player.Inbox.Expect("own", "| " + _lines[0]);
        await player.AskAsync(".l", "| " + _lines[1]);
        await player.SendAsync("the third li"u8.ToArray());
    }

    public async Task FinishAsync(DemoPlayer reader)
    {
        await player.SendLineAsync("ne");
        await player.AskAsync(".", "That is how others see you now.");
        foreach (string line in (string[])[player.Name + ":", .. _lines])
            _ = reader.Inbox.Expect("own", line);
        await reader.AskAsync($"look {player.Name}", "the third line");
    }
}
