namespace SeamlessReboot.Angel.Control;

/// <summary>A request, and the way to answer it.</summary>
internal sealed class ControlCall(string verb, string argument, Action<string>? answer)
{
    private Action<string>? _answer = answer;

    internal string Verb { get; } = verb;

    internal string Argument { get; } = argument;

    internal void Answer(bool ok, string message) => Answer(ControlJson.Line(new ControlAnswer(ok, message)));

    internal void Answer(AngelStatus status) => Answer(ControlJson.Line(status));

    private void Answer(string line) => Interlocked.Exchange(ref _answer, null)?.Invoke(line);
}
