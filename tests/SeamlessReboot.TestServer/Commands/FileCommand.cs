using System.Globalization;
using SeamlessReboot.TestServer.Sessions;

namespace SeamlessReboot.TestServer.Commands;

/// <summary>Writes a line to the kept file, or closes it; answers its descriptor.</summary>
internal sealed class FileCommand : ICommand
{
    public string Name => "file";

    public ValueTask<string?> RunAsync(Server server, ICommandSession session, string argument)
    {
        KeptFile file = server.File ?? throw new InvalidOperationException("Start the server with --keep-file.");
        int number = file.Number;
        if (argument == "close")
            file.Close();
        else
            file.Write(argument);
        return ValueTask.FromResult<string?>(number.ToString(CultureInfo.InvariantCulture));
    }
}
