using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Opens a descriptor without close-on-exec; answers its number.</summary>
internal sealed class StrayCommand : ICommand
{
    public string Name => "stray";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        return ValueTask.FromResult<string?>(Native.Duplicate(2).ToString(CultureInfo.InvariantCulture));
    }
}
